"""Judging: counts over a whole split, reconstruction beside baselines, code usage, judges on raw and rebuilt signals."""
