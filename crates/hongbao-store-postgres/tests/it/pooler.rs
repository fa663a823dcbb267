//! Is a pooler between us and the database no matter? In session mode: it hands what we set for a session on, and takes
//! it back.

use std::collections::BTreeMap;

use hongbao_engine::outcome::{Claimed, Outcome};
use hongbao_store::{CallError, Store};
use hongbao_store_postgres::rig;
use hongbao_types::PacketId;
use tokio::task::JoinSet;

use crate::node::{EACH, Node, send};

/// Sends with this number until it is known to have been sent, then opens what was sent.
async fn send_and_open(node: Node, number: u32) -> (u32, PacketId) {
    let at = number % 2;
    let packet = loop {
        match node.send(send(at, number)).await {
            Ok(accepted) => break accepted.packet,
            // Certainly nothing was done.
            Err(CallError::Unavailable) => {}
            Err(other) => panic!("{number}: {other}"),
        }
    };
    loop {
        match node.try_claim(&packet, number).await {
            Ok(Outcome::Claim(Ok(Claimed { claim, .. }))) => {
                assert_eq!(claim.amount.as_i64(), EACH);
                return (number, packet);
            }
            Err(CallError::Unavailable) => {}
            other => panic!("{number}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_is_killed_in_the_middle_costs_nobody_a_packet() {
    let cluster = rig::shared();
    let url = cluster.database();
    let pooler = rig::PgBouncer::start(cluster);
    let direct = Node::start(&url).await;
    direct.fund().await;
    let by_way_of_it = pooler.url(&url);
    assert_ne!(by_way_of_it, url);
    let nodes = [Node::start(&by_way_of_it).await, Node::start(&by_way_of_it).await];
    let mut sent = BTreeMap::new();
    let mut number = 0;
    for _ in 0..5 {
        let mut calls = JoinSet::new();
        for _ in 0..100 {
            number += 1;
            calls.spawn(send_and_open(nodes[usize::try_from(number % 2).unwrap()].clone(), number));
        }
        // Some have got through, the others are on their way.
        for _ in 0..10 {
            let (number, packet) = calls.join_next().await.unwrap().unwrap();
            assert_eq!(sent.insert(number, packet), None);
        }
        tokio::task::block_in_place(|| {
            pooler.kill();
            pooler.run_again();
        });
        while let Some(call) = calls.join_next().await {
            let (number, packet) = call.unwrap();
            assert_eq!(sent.insert(number, packet), None);
        }
    }
    for (number, packet) in &sent {
        let found = nodes[0].store.packet_by_bill(&crate::node::bill(*number)).await.unwrap();
        assert_eq!(found.map(|view| (view.packet.id, view.claims.len())), Some((packet.clone(), 1)));
    }
    let report = nodes[0].store.audit().await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    let wallets = i128::from(number) * i128::from(EACH);
    let count = u64::from(number);
    assert_eq!((report.packets, report.claims, report.wallets, report.escrow), (count, count, wallets, 0));
}
