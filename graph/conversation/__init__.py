"""What others say and show: comments, mentions, tags, invitations, hashtags."""
