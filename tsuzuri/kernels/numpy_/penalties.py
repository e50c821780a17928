"""The gradient of penalties on a layer's output; twin of ``reference.activation_penalty``, by its definition."""


def activation_gradient(y, size, change):
    """The gradient, by y (T, B, N), of T ``size`` mean(y^2) + T ``change`` mean((y[t + 1] - y[t])^2).

    The second mean is over the (T - 1) B N differences; of one step there are none.
    """
    steps, batch, units = y.shape
    g = y * y.dtype.type(2 * size / (batch * units))
    if change and steps > 1:
        scaled = y[1:] - y[:-1]  # (T - 1, B, N)
        scaled *= y.dtype.type(2 * change * steps / ((steps - 1) * batch * units))
        g[1:] += scaled
        g[:-1] -= scaled
    return g
