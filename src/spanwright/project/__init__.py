"""The steps of `project.yml` that wrap spaCy's own commands, so that what they leave is whole and checked."""
