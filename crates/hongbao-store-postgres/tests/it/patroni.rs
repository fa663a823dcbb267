//! A node before a cluster that fails over, and before a pooler.

use hongbao_store_postgres::rig::Patroni;

#[test]
fn up() {
    let cluster = Patroni::start();
    let was = cluster.kill_primary();
    while cluster.primary().is_none() {}
    cluster.start_again(was);
    cluster.wait_ready();
}
