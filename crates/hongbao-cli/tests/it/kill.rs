//! What is left after `kill -9`? Every packet that was acknowledged, exactly once, and every fen.

use std::collections::BTreeSet;
use std::path::Path;

use crate::running::{Dev, field, folder, run};
use crate::senders::{FEN_EACH, Ledger};

/// What `hongbao dev` puts into the merchant's funds.
const FUNDS_FEN: usize = 1_000_000;

/// How many packets a clean audit of the store in `folder` counts. Nothing but the file is asked.
fn audited_packets(folder: &Path) -> usize {
    let output = run(folder, &["audit", "--store", "hongbao.db"]).succeeded();
    assert_eq!(field(&output, "audit"), "every fen is in its place");
    let counted = field(&output, "counted");
    let packets = counted.split_whitespace().next().and_then(|number| number.parse().ok());
    let packets = packets.unwrap_or_else(|| panic!("no number of packets: {counted}"));
    let escrow = packets * FEN_EACH as usize;
    let funds = FUNDS_FEN - escrow;
    assert_eq!(
        field(&output, "books"),
        format!("merchant funds {funds}, escrow {escrow}, wallets 0, settlement -{FUNDS_FEN} (fen)")
    );
    packets
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_paid_twice_when_the_platform_is_killed_under_load() {
    let home = folder();
    let folder = home.path().join("dev");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut ledger = Ledger::default();
    for (round, enough) in [200, 350, 250].into_iter().enumerate() {
        let dev = Dev::start(&folder);
        runtime.block_on(ledger.send_until_gone(dev, &format!("kill{round}"), enough, Dev::kill));

        let found = audited_packets(&folder);
        let (least, most) = (ledger.acknowledged.len(), ledger.acknowledged.len() + ledger.unknown.len());
        assert!((least..=most).contains(&found), "{found} packets are in the store, and not {least} to {most}");

        let dev = Dev::start(&folder);
        runtime.block_on(async {
            ledger.expect_all_kept(&dev).await;
            ledger.settle_unknown(&dev).await;
        });
        assert_eq!(audited_packets(&folder), ledger.acknowledged.len(), "one packet for each bill number");
        let packets: BTreeSet<_> = ledger.acknowledged.values().collect();
        assert_eq!(packets.len(), ledger.acknowledged.len(), "two bill numbers share a packet");
        // The next round begins as this one ended: killed, though at rest.
        dev.kill();
    }
}
