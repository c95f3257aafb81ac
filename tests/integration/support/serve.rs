//! The real binary as a service.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use super::ACCOUNT_KEY;

/// A running `photocheck serve`. Stopped when it is dropped.
pub struct Serve {
    pub url: String,
    /// Who may use the banks, as it printed when it began.
    pub access: String,
    process: Child,
    log: Option<JoinHandle<String>>,
}

impl Serve {
    /// Starts it on a free port, without a token in its environment.
    pub fn start(db: &str, args: &[&str]) -> Self {
        Self::start_with(db, args, |_| {})
    }

    /// The same, with what else the command needs.
    pub fn start_with(db: &str, args: &[&str], add: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_photocheck"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--db", db])
            .args(args)
            .env_remove("PHOTOCHECK_BANK_TOKEN")
            .env("PHOTOCHECK_PHOTO_KEY", ACCOUNT_KEY)
            // Nobody balances the load of a test.
            .env("PHOTOCHECK_STOP_DELAY_S", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        add(&mut command);
        let mut process = command.spawn().unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut line = || {
            let mut line = String::new();
            out.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let (listens, access) = (line(), line());
        let url = listens.rsplit(' ').next().unwrap().to_owned();
        // A full pipe would stop it.
        let mut stderr = process.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).unwrap();
            log
        });
        Self { url, access, process, log: Some(log) }
    }

    /// Kills it at once, as a machine that loses its power.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks it to stop, waits for that, and returns what it logged.
    pub fn stop(self) -> String {
        self.ask_to_stop();
        self.wait_for_end()
    }

    /// Asks it to stop.
    pub fn ask_to_stop(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        assert!(asked.unwrap().success());
    }

    /// Waits until it has stopped, and returns what it logged.
    pub fn wait_for_end(mut self) -> String {
        let log = self.log.take().unwrap().join().unwrap();
        assert!(self.process.wait().unwrap().success(), "{log}");
        log
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
