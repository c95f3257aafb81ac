"""What the steps share: photos, crops, the trunk, heads and figures."""
