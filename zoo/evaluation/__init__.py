"""Judging: counts over whole splits, reconstruction beside baselines, code usage, judges on raw and rebuilt signals."""
