"""Posts and drafts, and how late posts went out."""
