//! One PostgreSQL, with an empty database for whoever asks.

use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{PASSWORD, Watchdog, as_user, folder, free_port, postgres_programs, psql, run, write_as_user};

/// A running PostgreSQL.
#[derive(Debug)]
pub struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    databases: AtomicU32,
    _watchdog: Watchdog,
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
        let bin = postgres_programs();
        let folder = folder("hongbao-postgres-");
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
        let watchdog = Watchdog::start(&folder);
        let cluster = Cluster { bin, folder, port, databases: AtomicU32::new(0), _watchdog: watchdog };
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
        psql(&self.bin, &self.url(database), sql)
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
