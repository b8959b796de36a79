"""What is read of Instagram: harvests and their coverage, insights, exports, what others say."""
