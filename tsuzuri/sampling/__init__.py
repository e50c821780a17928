"""From logits to words: filters, constraints, the stream, and where a sentence ends. The model is an argument."""
