"""How a process of ours lives: its streams, its children, the folders that it owns."""
