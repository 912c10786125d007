"""What each page reads from its query string."""
