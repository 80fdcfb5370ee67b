"""First annotations for people to review: by lists of terms, by patterns, and by a trained pipeline."""
