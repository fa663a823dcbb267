//! A PostgreSQL for tests: one for the process, on a free port, with an empty database for whoever asks. It ends and is
//! removed with the process, however that ends.
//!
//! # Panics
//! When PostgreSQL is not installed, or does not start: a test that can't run has failed.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Whom PostgreSQL runs as when we are root, whom it refuses.
const USER: &str = "postgres";
const PASSWORD: &str = "hongbao-test";

/// A running PostgreSQL.
#[derive(Debug)]
pub struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    databases: AtomicU32,
    /// Stops PostgreSQL and removes its folder once our end of the pipe is closed, which it is when we end.
    watchdog: Child,
}

/// The one of this process, for tests that leave it running.
pub fn shared() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

impl Cluster {
    /// Starts one.
    pub fn start() -> Cluster {
        Cluster::start_with(None)
    }

    /// Starts one that speaks TLS, with this certificate and its private key as PEM.
    pub fn start_with_tls(certificate: &str, private_key: &str) -> Cluster {
        Cluster::start_with(Some((certificate, private_key)))
    }

    fn start_with(tls: Option<(&str, &str)>) -> Cluster {
        let bin = find_programs();
        let folder = tempfile::Builder::new().prefix("hongbao-postgres-").tempdir().expect("a folder").keep();
        if is_root() {
            run(Command::new("chown").arg(USER).arg(&folder));
        }
        let port = free_port();
        let data = folder.join("data");
        let password = folder.join("password");
        std::fs::write(&password, PASSWORD).expect("a file");
        let mut initdb = as_user(&bin.join("initdb"));
        initdb.arg("--pgdata").arg(&data).args(["--username", "hongbao", "--auth", "scram-sha-256", "--pwfile"]);
        run(initdb.arg(&password).args(["--encoding", "UTF8", "--locale", "C", "--no-sync"]));
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nmax_connections = 200\n\
             shared_buffers = 64MB\nlog_lock_waits = on\n"
        );
        let settings = match tls {
            None => settings,
            Some((certificate, key)) => {
                write_as_user(&data.join("server.crt"), certificate);
                write_as_user(&data.join("server.key"), key);
                settings + "ssl = on\n"
            }
        };
        write_as_user(&data.join("postgresql.auto.conf"), &settings);
        let script = "read -r _; \"$1\" stop --pgdata \"$2/data\" --mode immediate --silent; rm -rf \"$2\"";
        let watchdog = as_user(Path::new("sh"))
            .args(["-c", script, "sh"])
            .arg(bin.join("pg_ctl"))
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let cluster = Cluster { bin, folder, port, databases: AtomicU32::new(0), watchdog };
        cluster.run_again();
        cluster
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://hongbao:{PASSWORD}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Where it listens, on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it as a power cut would: nothing is finished, nothing written that was not.
    pub fn stop_at_once(&self) {
        self.control(&["stop", "--mode", "immediate"]);
    }

    /// Starts it again, and returns when it can be written to.
    pub fn run_again(&self) {
        let log = self.folder.join("data/log.txt");
        self.control(&["start", "--timeout", "60", "--log", &log.to_string_lossy()]);
    }

    /// Runs a statement as a person at a terminal would; what it printed.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let url = self.url(database);
        run(Command::new(self.bin.join("psql")).args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--command",
            sql,
            &url,
        ]))
    }

    fn control(&self, arguments: &[&str]) {
        let data = self.folder.join("data");
        // What it starts outlives it, and would hold a pipe open.
        let mut control = as_user(&self.bin.join("pg_ctl"));
        control.args(arguments).arg("--wait").arg("--silent").arg("--pgdata").arg(&data);
        let status = control.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("pg_ctl");
        if !status.success() {
            let mut log = String::new();
            let _ = std::fs::File::open(data.join("log.txt")).and_then(|mut file| file.read_to_string(&mut log));
            panic!("pg_ctl {arguments:?} failed: {log}");
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// Where PostgreSQL's programs are: Debian keeps them out of the path.
fn find_programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<PathBuf> = versions.flatten().map(|version| version.path()).collect();
        versions.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
        folders.extend(versions.into_iter().rev().map(|version| version.join("bin")));
    }
    let has_all = |folder: &PathBuf| ["initdb", "pg_ctl", "psql"].iter().all(|name| folder.join(name).exists());
    folders.into_iter().find(has_all).expect("install PostgreSQL 15 or later (on Debian: apt-get install postgresql)")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}

/// PostgreSQL does not run as root.
fn as_user(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

/// A file that is its owner's alone.
fn write_as_user(path: &Path, text: &str) {
    let mut write = as_user(Path::new("sh"));
    write.args(["-c", "umask 077; cat > \"$1\"", "sh"]).arg(path).stdin(Stdio::piped());
    let mut write = write.spawn().expect("a shell");
    write.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("the shell reads");
    assert!(write.wait().expect("a shell").success(), "{} can't be written", path.display());
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
