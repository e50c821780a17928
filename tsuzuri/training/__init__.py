"""Around the training loop: the run directory, evaluation, stopping, the log, the plot and the optimisers."""
