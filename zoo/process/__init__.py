"""Processes of the zoo: standard streams, signals, child processes, and locks on folders."""
