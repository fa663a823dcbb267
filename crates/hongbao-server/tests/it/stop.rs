//! Stopping loses no request that was taken.

use hongbao_store::faulty::Fault;

use crate::rig::{KEY, Rig, codes, sample, signed};

#[tokio::test]
async fn a_request_under_way_is_answered_and_later_ones_are_not_taken() {
    let rig = Rig::start().await;
    let plain = rig.addresses.plain.unwrap();
    let url = format!("http://{plain}/mmpaymkttransfers/sendredpack");
    rig.faults.plan([Fault::Held]);
    let call = tokio::spawn(reqwest::Client::new().post(&url).body(signed(KEY, &sample())).send());
    rig.faults.held().await;

    let stop = tokio::spawn(rig.server.stop());
    // The door is closed once nobody answers there any more.
    while tokio::net::TcpStream::connect(plain).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stop.is_finished(), "it waits for the request under way");
    rig.faults.release();
    let reply = call.await.unwrap().unwrap().text().await.unwrap();
    assert_eq!(codes(&reply), ["SUCCESS"; 3]);
    stop.await.unwrap();
    assert!(reqwest::Client::new().post(&url).body(signed(KEY, &sample())).send().await.is_err());
}
