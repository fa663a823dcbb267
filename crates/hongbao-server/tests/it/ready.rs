//! Who says that a node is not to be asked? The node itself.

use std::sync::Arc;

use hongbao_server::{Doors, NotReady, Platform, PlatformOptions, Server, StartError};
use hongbao_store::clock::ManualClock;
use serde_json::{Value, json};

use crate::rig::{NOON, Rig};

fn doors() -> Doors {
    Doors { plain: Some(([127, 0, 0, 1], 0).into()), ..Doors::default() }
}

#[tokio::test]
async fn a_node_whose_clock_is_wrong_does_not_start() {
    let rig = Rig::empty().await;
    for (off, is_started) in [(2000, true), (-2000, true), (2001, false), (-2001, false)] {
        let clock = ManualClock::new(NOON.plus_millis(off));
        let platform = Platform::start(rig.store.clone(), Arc::new(clock), &PlatformOptions::default()).unwrap();
        match Server::start(platform, doors()).await {
            Ok(_) => assert!(is_started, "{off}"),
            Err(StartError::ClockWrong(NotReady::ClockWrong(2001))) => assert!(!is_started, "{off}"),
            Err(other) => panic!("{off}: {other}"),
        }
    }
}

#[tokio::test]
async fn a_node_says_when_it_is_not_ready_and_when_it_is_again() {
    let rig = Rig::empty().await;
    let clock = ManualClock::new(NOON);
    let platform = Platform::start(rig.store.clone(), Arc::new(clock.clone()), &PlatformOptions::default()).unwrap();
    let server = Server::start(platform, doors()).await.unwrap();
    let url = format!("http://{}/ready", server.addresses().plain.unwrap());
    let ready = async |expected: u16| -> Value {
        loop {
            let answer = rig.http.get(&url).send().await.unwrap();
            if answer.status() == expected {
                return answer.json().await.unwrap();
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(ready(200).await, json!({ "ready": true }));
    clock.advance(5000);
    let why = "this machine's clock is 5000 ms off the store's: let both follow the same time server";
    assert_eq!(ready(503).await, json!({ "ready": false, "why": why }));
    clock.set(NOON);
    assert_eq!(ready(200).await, json!({ "ready": true }));
}
