//! Tells the linker, where it has to know, that whoever loads the module has the symbols of Python.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
