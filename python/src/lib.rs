//! photocheck as a Python module, `photocheck._native`: the same rows as `photocheck bulk`.
//!
//! It translates and decides nothing, as the other entry points do. What is written in Python, the
//! functions for Spark and Ray, is in `package/`.

mod checker;
mod opening;
mod rows;

/// The module.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::checker::Checker;
    #[pymodule_export]
    use crate::opening::OpenError;
    #[pymodule_export]
    use crate::rows::columns;
}
