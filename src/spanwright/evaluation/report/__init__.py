"""What a run found, as one page of HTML, a model card and pictures."""
