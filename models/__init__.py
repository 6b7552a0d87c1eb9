"""What we can say: the artefacts as pure prediction code, and their way into and out of MLflow.

The seam between training and serving: both know these classes, neither knows the other.
"""
