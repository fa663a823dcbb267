//! What may a stranger cost? So many connections, so long for each step, so many bytes.

use std::time::Duration;

/// What a door puts up with from strangers, before anything that they send is judged.
///
/// There is no bound for each address: behind a balancer everybody has the same one, and elsewhere a
/// firewall counts them better. What a connection costs without asking for anything is short instead.
#[derive(Clone, Copy, Debug)]
pub struct HttpBounds {
    /// How many connections a door takes at once; the next one waits in the system's queue.
    pub connections_max: usize,
    /// How long a TLS handshake may take.
    pub handshake_patience: Duration,
    /// How long the head of a request may take, from its first byte on; that of a connection's first
    /// request, from the connection on.
    pub head_patience: Duration,
    /// How long a connection may idle after a reply. Clients that keep connections let them go earlier,
    /// or now and then lose a request to the closing door.
    pub idle_patience: Duration,
    /// How long a body may take, from the end of the head on.
    pub body_patience: Duration,
    /// How long a reply may wait for a peer that doesn't read.
    pub write_patience: Duration,
    /// How many headers a request may have.
    pub headers_max: usize,
    /// How many bytes the head of a request may have; less than 8192 are 8192.
    pub head_bytes_max: usize,
}

impl Default for HttpBounds {
    fn default() -> HttpBounds {
        HttpBounds {
            connections_max: 4096,
            handshake_patience: Duration::from_secs(10),
            head_patience: Duration::from_secs(10),
            idle_patience: Duration::from_secs(75),
            body_patience: Duration::from_secs(10),
            write_patience: Duration::from_secs(30),
            headers_max: 64,
            head_bytes_max: 16 * 1024,
        }
    }
}
