"""What an expert would point out in configuration that is legal and unwise: rules, and where they strike."""
