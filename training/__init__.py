"""What we learn: training sets, splits, baselines, training, evaluation and the promotion gate."""
