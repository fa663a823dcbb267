//! Whose address counts behind a balancer? What a named balancer says, and nothing else.

use std::net::SocketAddr;

use hongbao_engine::directory::Validity;
use hongbao_server::{Doors, PlatformOptions, TlsOptions};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::rig::{KEY, Rig, codes, merchant_with, sample, signed};

const HERE: &str = "127.0.0.1/32";
const ALLOWED: [u8; 4] = [203, 0, 113, 7];

fn header(source: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0C".to_vec();
    header.extend(source);
    header.extend([127, 0, 0, 1, 0x80, 0, 0x01, 0xBB]);
    header
}

fn request() -> Vec<u8> {
    let body = signed(KEY, &sample());
    let head = "POST /mmpaymkttransfers/sendredpack HTTP/1.1\r\nhost: api\r\nx-forwarded-for: 203.0.113.7\r\nconnection: close\r\n";
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Everything that comes back; nothing when the connection is not taken.
async fn exchange(door: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(door).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    // Written while it is read: a door that is closed on us is told by what is read.
    let (_, _) = tokio::join!(writer.write_all(bytes), reader.read_to_end(&mut answer));
    String::from_utf8(answer).unwrap()
}

async fn rig(allowed: Value) -> Rig {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "name": "天虹百货", "keys": [{ "key": KEY }], "allowed_addresses": allowed })).await;
    rig
}

fn doors(balancers: &[&str]) -> Doors {
    let balancers = balancers.iter().map(|network| network.parse().unwrap()).collect();
    Doors { plain: Some(([127, 0, 0, 1], 0).into()), balancers, ..Doors::default() }
}

#[tokio::test]
async fn a_named_balancer_says_whose_a_connection_is() {
    let rig = rig(json!(["203.0.113.7"])).await;
    let server = rig.another_behind(doors(&[HERE]), PlatformOptions::default()).await;
    let door = server.addresses().plain.unwrap();
    let answer = exchange(door, &[header([203, 0, 113, 8]), request()].concat()).await;
    assert_eq!(codes(&answer), ["SUCCESS", "FAIL", "NO_AUTH"], "{answer}");
    let answer = exchange(door, &[header(ALLOWED), request()].concat()).await;
    assert_eq!(codes(&answer), ["SUCCESS"; 3], "{answer}");
    assert_eq!(exchange(door, &request()).await, "", "a balancer that says nothing is not taken");
    // It only looks whether somebody is there, and is told.
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00GET /ready HTTP/1.1\r\nhost: api\r\nconnection: close\r\n\r\n";
    let answer = exchange(door, local).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(r#"{"ready":true}"#), "{answer}");
}

#[tokio::test]
async fn nobody_else_is_believed() {
    let rig = rig(json!(["203.0.113.7"])).await;
    let server = rig.another_behind(doors(&["10.0.0.0/8"]), PlatformOptions::default()).await;
    let door = server.addresses().plain.unwrap();
    let answer = exchange(door, &[header(ALLOWED), request()].concat()).await;
    assert!(!answer.contains("SUCCESS"), "a header from elsewhere is not HTTP: {answer}");
    let answer = exchange(door, &request()).await;
    assert_eq!(codes(&answer), ["SUCCESS", "FAIL", "NO_AUTH"], "nor is X-Forwarded-For: {answer}");
}

#[tokio::test]
async fn tls_begins_behind_the_header() {
    let rig = Rig::start().await;
    let client = rig.authority.client((2014, 2015));
    let mut merchant = merchant_with(&[(&client, Validity::ALWAYS)]);
    merchant["allowed_addresses"] = json!(["203.0.113.7"]);
    rig.put_merchant(merchant).await;
    let identity = rig.authority.server();
    let identity = hongbao_identity::Identity::from_pem(&identity.certificate, &identity.key).unwrap();
    let tls = TlsOptions { identity, client_authorities_pem: rig.authority.pem.clone() };
    let doors = Doors { tls: Some((([127, 0, 0, 1], 0).into(), tls)), plain: None, ..doors(&[HERE]) };
    let server = rig.another_behind(doors, PlatformOptions::default()).await;
    let door = server.addresses().tls.unwrap();
    // A balancer in between, which says for whom it comes.
    let balancer = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = balancer.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut from, _) = balancer.accept().await.unwrap();
        let mut to = TcpStream::connect(door).await.unwrap();
        to.write_all(&header(ALLOWED)).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
    });
    let url = format!("https://{address}/mmpaymkttransfers/sendredpack");
    let reply = rig.tls_client(Some(&client)).post(url).body(signed(KEY, &sample())).send().await.unwrap();
    assert_eq!(codes(&reply.text().await.unwrap()), ["SUCCESS"; 3]);
}
