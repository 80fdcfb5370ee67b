"""Whether Python, spaCy, torch, cupy and the CUDA driver fit together, and what mends them where they do not."""
