//! A real nginx, by the configuration that Debian ships.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use temp_dir::TempDir;

/// A running nginx. Stopped when it is dropped.
pub struct Nginx {
    pub url: String,
    process: Child,
    _folder: TempDir,
}

impl Nginx {
    /// Starts one on a free port whose server holds these directives; `None`, said in one line,
    /// where there is no nginx. In CI there must be one.
    pub async fn start(directives: &str) -> Option<Self> {
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx"];
        let Some(program) = program.into_iter().find(|path| Path::new(path).exists()) else {
            assert!(std::env::var_os("CI").is_none(), "in CI nginx must be there");
            eprintln!("skipped: nginx is not here");
            return None;
        };
        let folder = TempDir::new().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let own = folder.path().display().to_string();
        let server = format!("server {{ listen 127.0.0.1:{port};\n{directives}\n}}");
        // As shipped, but in a folder of its own: its logs, its files, and no other site.
        let shipped = std::fs::read_to_string("/etc/nginx/nginx.conf").unwrap();
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let paths = paths.map(|it| format!("{it}_temp_path {own}/{it};")).join("\n");
        let config = shipped
            .replace("/var/log/nginx", &own)
            .replace("/run/nginx.pid", &format!("{own}/nginx.pid"))
            .replace("include /etc/nginx/conf.d/*.conf;", &paths)
            .replace("include /etc/nginx/sites-enabled/*;", &server);
        assert!(config.contains(&server), "nginx.conf as shipped includes sites-enabled");
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config).unwrap();
        let process = Command::new(program)
            .args(["-e", "stderr", "-g", "daemon off;", "-c"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self { url: format!("http://127.0.0.1:{port}"), process, _folder: folder };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "nginx does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it only when it is asked to stop.
        let _ = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}
