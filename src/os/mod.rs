//! The kernel side of supervising. Here: the types by which captured streams leave it.

pub mod capture;
