"""Recordings: opening, survey, calibration, wear."""
