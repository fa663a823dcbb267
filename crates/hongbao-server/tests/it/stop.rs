//! Stopping loses no request that was taken.

use hongbao_store::faulty::Fault;

use crate::bench::{Bench, KEY, codes, sample, signed};

#[tokio::test]
async fn a_request_under_way_is_answered_and_later_ones_are_not_taken() {
    let bench = Bench::start().await;
    let plain = bench.addresses.plain.unwrap();
    let url = format!("http://{plain}/mmpaymkttransfers/sendredpack");
    bench.faults.plan([Fault::Held]);
    let call = tokio::spawn(reqwest::Client::new().post(&url).body(signed(KEY, &sample())).send());
    bench.faults.held().await;

    let stop = tokio::spawn(bench.server.stop());
    // The door is closed once nobody answers there any more.
    while tokio::net::TcpStream::connect(plain).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stop.is_finished(), "it waits for the request under way");
    bench.faults.release();
    let reply = call.await.unwrap().unwrap().text().await.unwrap();
    assert_eq!(codes(&reply), ["SUCCESS"; 3]);
    stop.await.unwrap();
    assert!(reqwest::Client::new().post(&url).body(signed(KEY, &sample())).send().await.is_err());
}
