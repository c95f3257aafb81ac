//! A job, from its inputs to the summary.

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use anyhow::Context;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::mpsc as queue;

use super::examine::Examiner;
use super::inputs::plan::Plan;
use super::limits::BATCH_ROWS;
use super::outcome::NOT_A_PICTURE;
use super::part_file::PartFile;
use super::parts::{Format, Results, remove_if_there};
use super::progress::Progress;
use super::reading::{Claims, Read, examine_all, read_all};
use super::rings;
use super::state::rows::Done;
use super::state::{STATE, Settings, State};
use super::summary::{self, SUMMARY, Summary, Versions};
use super::tables::photos;

/// What is to be done, and how.
#[derive(Debug, Clone)]
pub struct Job {
    pub plan: Plan,
    pub examiner: Examiner,
    /// Where everything of the job is kept.
    pub folder: PathBuf,
    pub formats: Vec<Format>,
    /// Whether photos are checked again that were checked.
    pub force: bool,
    /// Whether photos are compared with each other at the end.
    pub rings: bool,
    /// Threads that examine photos.
    pub cores: usize,
    /// Rows of a part.
    pub part_rows: u32,
}

/// What the threads of a job have to say at their end.
struct Threads {
    reader: JoinHandle<anyhow::Result<Read>>,
    workers: Vec<JoinHandle<anyhow::Result<()>>>,
}

impl Job {
    /// Does what is not done yet, and returns what there is then.
    ///
    /// # Errors
    /// When an input cannot be read to its end, the folder cannot be written, or another run of the
    /// job is under way.
    pub async fn run(self, progress: &Arc<Progress>) -> anyhow::Result<Summary> {
        fs::create_dir_all(&self.folder).with_context(|| self.folder.display().to_string())?;
        let _lock = self.lock()?;
        let versions = self.versions();
        let results = self.results();
        let (file, settings) = (self.folder.join(STATE), self.settings(&versions)?);
        let state = State::open(&file, &settings).await.context("the state of the job")?;
        // It says that the job is done.
        remove_if_there(&self.folder.join(SUMMARY))?;
        let parts = state.parts().await?;
        let files: Vec<PartFile> = parts.iter().flat_map(|(_, files)| files.clone()).collect();
        results.sweep(&files)?;
        let mut writer = Writer {
            state: state.clone(),
            results,
            next_part: parts.last().map_or(1, |(number, _)| number + 1),
            part_rows: self.part_rows.max(1),
            waiting: 0,
            twice: 0,
        };
        let read = self.check_all(&mut writer, progress).await?;
        let summary = self.finish(versions, &mut writer, read).await?;
        state.close().await;
        Ok(summary)
    }

    /// Reads and examines everything, and writes parts as they fill.
    async fn check_all(
        &self,
        writer: &mut Writer,
        progress: &Arc<Progress>,
    ) -> anyhow::Result<Read> {
        let (done, mut waiting) = queue::channel(BATCH_ROWS);
        let claims = Claims::new(writer.state.clone(), Handle::current());
        let threads = self.start(&claims, done, progress)?;
        let mut batch = Vec::with_capacity(BATCH_ROWS);
        while waiting.recv_many(&mut batch, BATCH_ROWS).await != 0 {
            writer.keep(&batch).await?;
            claims.give_back(&batch);
            progress.note_done(&batch);
            batch.clear();
        }
        for worker in threads.workers {
            joined(worker)?;
        }
        joined(threads.reader)
    }

    fn start(
        &self,
        claims: &Claims,
        done: queue::Sender<Done>,
        progress: &Arc<Progress>,
    ) -> anyhow::Result<Threads> {
        let cores = self.cores.max(1);
        // As many photos wait as are examined: the next is there when one is done.
        let (work, read) = mpsc::sync_channel(cores);
        let read = Arc::new(Mutex::new(read));
        let mut workers = Vec::new();
        for number in 0..cores {
            let (examiner, claims) = (self.examiner.clone(), claims.clone());
            let (read, done) = (Arc::clone(&read), done.clone());
            let thread = std::thread::Builder::new().name(format!("examine-{number}"));
            workers.push(thread.spawn(move || examine_all(&examiner, &claims, &read, &done))?);
        }
        let (plan, claims) = (self.plan.clone(), claims.clone());
        let thread = std::thread::Builder::new().name("read".into());
        let reader =
            thread.spawn(move || read_all(&plan, claims.state(), claims.handle(), &work, &done))?;
        let (plan, progress) = (self.plan.clone(), Arc::clone(progress));
        // Nobody waits for it: it only tells how much is left.
        std::thread::Builder::new().name("count".into()).spawn(move || {
            if let Ok(Some(total)) = plan.count() {
                progress.note_total(total);
            }
        })?;
        Ok(Threads { reader, workers })
    }

    /// Writes what is not written yet, and counts.
    async fn finish(
        &self,
        versions: Versions,
        writer: &mut Writer,
        read: Read,
    ) -> anyhow::Result<Summary> {
        if writer.state.tidy().await? {
            writer.results.sweep(&[])?;
            writer.next_part = 1;
        }
        while writer.write_part().await? {}
        let twice = read.twice + writer.twice;
        let rows_in = read.entries - twice;
        let counts = writer.state.counts().await?;
        let rows_out = writer.state.rows_in_parts().await?;
        anyhow::ensure!(
            rows_in == rows_out && counts.rows == rows_out,
            "{rows_in} photos were found and {rows_out} rows were written; start the job again, \
             and report this"
        );
        let (rings, mut files) = self.find_rings(writer).await?;
        let parts = writer.state.parts().await?;
        files.splice(0..0, parts.into_iter().flat_map(|(_, files)| files));
        let summary = Summary {
            versions,
            rows_in,
            rows_out,
            named_twice: twice,
            no_pictures: counts.errors.get(NOT_A_PICTURE).copied().unwrap_or_default(),
            counts,
            carried_columns: self.plan.columns.clone(),
            rings,
            files,
        };
        summary::write(&self.folder, &summary)?;
        Ok(summary)
    }

    /// Finds the rings, and writes them. Returns how many there are, and the files.
    async fn find_rings(&self, writer: &Writer) -> anyhow::Result<(Option<usize>, Vec<PartFile>)> {
        if !self.rings {
            return Ok((None, writer.results.write_rings(None)?));
        }
        let rings = rings::find(&writer.state, self.examiner.checker.matcher()).await?;
        let files = writer.results.write_rings(Some(&rings::table(&rings)))?;
        Ok((Some(rings.len()), files))
    }

    /// What the results depend on besides the photos.
    #[must_use]
    pub fn versions(&self) -> Versions {
        let Examiner { checker, view, tenant, database, what } = &self.examiner;
        Versions {
            photocheck: env!("CARGO_PKG_VERSION"),
            what: what.name(),
            model: checker.model().to_owned(),
            policy: checker.policy().version().to_string(),
            policy_sha256: hex::encode(Sha256::digest(format!("{:?}", checker.policy()))),
            database: database.clone(),
            tenant: tenant.as_str().to_owned(),
            generation: view.index.generation(),
        }
    }

    fn settings(&self, versions: &Versions) -> anyhow::Result<Settings> {
        let formats: Vec<&str> = self.formats.iter().map(|format| format.name()).collect();
        Ok(Settings {
            checked_with: serde_json::to_string(versions)?,
            written_as: serde_json::to_string(&(formats, &self.plan.columns, self.part_rows))?,
            force: self.force,
        })
    }

    fn results(&self) -> Results {
        Results {
            folder: self.folder.clone(),
            formats: self.formats.clone(),
            columns: photos::columns(&self.plan.columns),
            carried: self.plan.columns.clone(),
        }
    }

    /// Other runs stay away while this file is open.
    fn lock(&self) -> anyhow::Result<File> {
        let file = File::create(self.folder.join(".lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                anyhow::bail!("{}: another run of this job is under way", self.folder.display())
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

/// Keeps what is done, and writes parts.
struct Writer {
    state: State,
    results: Results,
    next_part: u32,
    part_rows: u32,
    /// Rows that were kept since the last part.
    waiting: usize,
    /// Entries that came up again while they were under way.
    twice: u64,
}

impl Writer {
    async fn keep(&mut self, done: &[Done]) -> anyhow::Result<()> {
        self.twice += self.state.keep(done).await?;
        self.waiting += done.len();
        while usize::try_from(self.part_rows).is_ok_and(|full| full <= self.waiting) {
            self.waiting = self.waiting.saturating_sub(self.part_rows as usize);
            self.write_part().await?;
        }
        Ok(())
    }

    /// Writes the rows that wait for a part, as far as one takes them. False if there is none.
    async fn write_part(&mut self) -> anyhow::Result<bool> {
        let with_reports = self.results.has_reports();
        let rows = self.state.rows_without_part(self.part_rows, with_reports).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let files = self.results.write(self.next_part, &rows)?;
        self.state.keep_part(self.next_part, &rows, &files).await?;
        self.next_part += 1;
        Ok(true)
    }
}

fn joined<T>(thread: JoinHandle<anyhow::Result<T>>) -> anyhow::Result<T> {
    thread.join().map_err(|_| anyhow::anyhow!("a thread of the job ended early"))?
}
