"""The command line: one file per group of commands; torch is imported inside the command that needs it."""
