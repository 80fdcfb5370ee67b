"""Models fine-tuned with Hugging Face's libraries, their heads included, as pipelines."""
