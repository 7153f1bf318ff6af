"""Evaluation: counts over whole splits, reconstruction with baselines, codes, judges on raw and rebuilt signals."""
