"""Claims about ketamine: a library of them, a matcher that finds them in a text, and the audit of any article."""
