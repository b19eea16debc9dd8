//! What counts as a change, and which key is which.
