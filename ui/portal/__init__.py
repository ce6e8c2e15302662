"""The portal: pages for people who read manuscripts."""
