//! A pooler in session mode before one PostgreSQL: each connection to it has one of PostgreSQL's to itself for as long as
//! it lasts, and so whatever a node sets for its session holds.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Cluster, PASSWORD, Watchdog, as_user, folder, free_port, program, server, until, write_as_user};

/// A running pgbouncer.
#[derive(Debug)]
pub struct PgBouncer {
    folder: PathBuf,
    port: u16,
    behind: u16,
    process: Mutex<Option<Child>>,
    _watchdog: Watchdog,
}

impl PgBouncer {
    /// Starts one before this PostgreSQL.
    pub fn start(cluster: &Cluster) -> PgBouncer {
        let (folder, port) = (folder("hongbao-pgbouncer-"), free_port());
        write_as_user(&folder.join("users.txt"), &format!("\"hongbao\" \"{PASSWORD}\"\n"));
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = session\ndefault_pool_size = 50\n",
            cluster.port(),
            folder.join("users.txt").display(),
        );
        write_as_user(&folder.join("pgbouncer.ini"), &settings);
        let watchdog = Watchdog::start(&folder);
        let pooler = PgBouncer { folder, port, behind: cluster.port(), process: Mutex::default(), _watchdog: watchdog };
        pooler.run_again();
        pooler
    }

    /// The same database, by way of it.
    pub fn url(&self, database_url: &str) -> String {
        database_url.replace(&format!("127.0.0.1:{}/", self.behind), &format!("127.0.0.1:{}/", self.port))
    }

    /// Kills it (SIGKILL), and with it every connection through it.
    pub fn kill(&self) {
        if let Some(mut process) = self.process.lock().unwrap_or_else(PoisonError::into_inner).take() {
            process.kill().expect("a child that can be killed");
            process.wait().expect("a child that can be waited for");
        }
    }

    /// Starts it again, and returns when it takes connections.
    pub fn run_again(&self) {
        let mut command = as_user(&program("pgbouncer", "pgbouncer"));
        command.arg(self.folder.join("pgbouncer.ini"));
        let log = self.folder.join("log.txt");
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(server(command, &log));
        let connects = || TcpStream::connect(("127.0.0.1", self.port)).map_err(|error| error.to_string());
        until(Duration::from_secs(30), connects).unwrap_or_else(|error| {
            panic!("pgbouncer: {error}:\n{}", std::fs::read_to_string(&log).unwrap_or_default());
        });
    }
}
