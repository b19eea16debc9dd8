//! What is replaced, what stays, and what the stand-ins can be compared by.
