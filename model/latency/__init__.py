"""Response times of a unit of work: means, percentiles and the largest rate that keeps them."""
