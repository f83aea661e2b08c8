"""Long runs (``make evidence``): which there are, and what each of them said last."""
