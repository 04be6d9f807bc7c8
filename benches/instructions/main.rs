//! The paths whose instructions are counted.

fn main() {}
