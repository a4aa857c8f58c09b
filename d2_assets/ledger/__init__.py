"""What all domains share: the closed table of outcomes, quarantine, and the writer's lease."""
