"""Teachers of a student: their logits and similarity maps, computed once, and the losses made of them."""
