"""Problems written by a larger model, for those who have one to call: the way TinyGSM was made (arXiv 2312.09241)."""
