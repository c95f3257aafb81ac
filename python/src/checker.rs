//! The class `Checker`: it is opened once, and checks photos while Python does something else.

use std::path::PathBuf;

use photocheck::bulk::examine::{Examiner, examine_hash};
use photocheck::bulk::tables::table::Cell;
use photocheck::config::{ModelsConfig, PolicyChoice};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyDict;
use rayon::prelude::*;

use crate::opening::{self, OpenError};
use crate::rows;

/// Photos that one batch checks at a time, at most.
const CORES_MAX: usize = 1024;

/// See `_native.pyi`.
#[pyclass(frozen, module = "photocheck")]
#[derive(Debug)]
pub struct Checker {
    examiner: Examiner,
}

#[pymethods]
impl Checker {
    #[new]
    #[pyo3(signature = (bank=None, *, tenant=None, policy=None, model=None))]
    fn new(
        py: Python<'_>,
        bank: Option<PathBuf>,
        tenant: Option<&str>,
        policy: Option<PathBuf>,
        model: Option<PathBuf>,
    ) -> PyResult<Self> {
        let policy = policy.map(|policy| PolicyChoice::from(policy.as_os_str()));
        let models = ModelsConfig { model, policy: policy.unwrap_or_default() };
        let opened = py.detach(|| opening::open(bank, tenant, models));
        let examiner = opened.map_err(|error| OpenError::new_err(format!("{error:#}")))?;
        Ok(Self { examiner })
    }

    /// The name of the model.
    #[getter]
    fn model(&self) -> &str {
        self.examiner.checker.model()
    }

    /// The name and version of the policy.
    #[getter]
    fn policy(&self) -> String {
        self.examiner.checker.policy().version().to_string()
    }

    /// How many hashes photos are compared with.
    #[getter]
    fn hashes(&self) -> usize {
        self.examiner.view.index.len()
    }

    fn check<'py>(&self, py: Python<'py>, photo: &[u8]) -> PyResult<Bound<'py, PyDict>> {
        let cells = py.detach(|| self.cells(photo));
        rows::as_dict(py, cells)
    }

    #[pyo3(signature = (photos, *, cores=1))]
    #[expect(clippy::needless_pass_by_value, reason = "as PyO3 hands it over")]
    fn check_batch<'py>(
        &self,
        py: Python<'py>,
        photos: Vec<PyBackedBytes>,
        cores: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        if !(1..=CORES_MAX).contains(&cores) {
            let message = format!("cores is {cores}, it must lie between 1 and {CORES_MAX}");
            return Err(PyValueError::new_err(message));
        }
        let checked = py.detach(|| self.all_cells(&photos, cores));
        rows::as_columns(py, checked.map_err(|error| PyRuntimeError::new_err(error.to_string()))?)
    }

    #[staticmethod]
    fn hash<'py>(py: Python<'py>, photo: &[u8]) -> PyResult<Bound<'py, PyDict>> {
        let cells = py.detach(|| rows::cells(photo, &examine_hash(photo)));
        rows::as_dict(py, cells)
    }
}

impl Checker {
    fn cells(&self, photo: &[u8]) -> Vec<Cell> {
        rows::cells(photo, &self.examiner.examine(photo))
    }

    /// The rows of several photos, in order.
    fn all_cells(
        &self,
        photos: &[PyBackedBytes],
        cores: usize,
    ) -> Result<Vec<Vec<Cell>>, rayon::ThreadPoolBuildError> {
        if cores == 1 {
            return Ok(photos.iter().map(|photo| self.cells(photo)).collect());
        }
        // Its threads end with the batch: a process that forks later has none.
        let threads = rayon::ThreadPoolBuilder::new().num_threads(cores).build()?;
        Ok(threads.install(|| photos.par_iter().map(|photo| self.cells(photo)).collect()))
    }
}
