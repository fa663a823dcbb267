//! Who is behind a balancer? PROXY protocol, version 2, says so: only if it comes from a balancer that the operator named,
//! and from these it must come. Nothing else that a connection says of its address is believed.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use ppp::v2::{Addresses, Command, Header, PROTOCOL_PREFIX};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What comes before the addresses: signature, version and command, family, length.
const HEAD_LEN: usize = 16;
/// More than any balancer sends: addresses have 36 bytes, and what else it says is read by nobody here.
const REST_LEN_MAX: usize = 2048;

/// Addresses of balancers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Balancers(Arc<[IpNet]>);

/// Why a balancer's connection is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("it does not begin with a PROXY protocol header of version 2")]
    Missing,
    #[error("its PROXY protocol header makes no sense: {0}")]
    Invalid(#[from] ppp::v2::ParseError),
    #[error("its PROXY protocol header is too long")]
    TooLong,
    #[error(transparent)]
    Read(#[from] std::io::Error),
}

impl Balancers {
    pub(crate) fn new(networks: &[IpNet]) -> Balancers {
        Balancers(networks.into())
    }

    /// Whether who connects from here speaks for others.
    pub(crate) fn include(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Reads what a balancer says first: for whom this connection is, or nobody but itself (a look whether we are there).
pub(crate) async fn read_header(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<SocketAddr>, HeaderError> {
    let mut bytes = vec![0; HEAD_LEN];
    stream.read_exact(&mut bytes).await?;
    if !bytes.starts_with(PROTOCOL_PREFIX) {
        return Err(HeaderError::Missing);
    }
    let rest = usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    if rest > REST_LEN_MAX {
        return Err(HeaderError::TooLong);
    }
    bytes.resize(HEAD_LEN + rest, 0);
    stream.read_exact(&mut bytes[HEAD_LEN..]).await?;
    let header = Header::try_from(bytes.as_slice())?;
    Ok(match (header.command, header.addresses) {
        (Command::Proxy, Addresses::IPv4(v4)) => Some((v4.source_address, v4.source_port).into()),
        (Command::Proxy, Addresses::IPv6(v6)) => Some((v6.source_address, v6.source_port).into()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(command: u8, family: u8, addresses: &[u8], more: &[u8]) -> Vec<u8> {
        let rest = [addresses, more].concat();
        let len = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [PROTOCOL_PREFIX, &[command, family], &len[..], &rest].concat()
    }

    #[tokio::test]
    async fn a_header_says_for_whom_a_connection_is_and_ends_where_it_says() {
        let v4 = [203, 0, 113, 7, 10, 0, 0, 1, 0x1F, 0x90, 0x01, 0xBB];
        let mut v6 = [0; 36];
        v6[..4].copy_from_slice(&[0x20, 0x01, 0x0D, 0xB8]);
        v6[15] = 9;
        v6[33] = 80;
        // A checksum that nobody asked for (type 3), and whom TLS was meant for (type 2).
        let more = [2, 0, 3, b'p', b'a', b'y'];
        for (bytes, expected) in [
            (header(0x21, 0x11, &v4, &[]), Some("203.0.113.7:8080".parse().unwrap())),
            (header(0x21, 0x11, &v4, &more), Some("203.0.113.7:8080".parse().unwrap())),
            (header(0x21, 0x21, &v6, &[]), Some("[2001:db8::9]:80".parse().unwrap())),
            (header(0x20, 0x00, &[], &[]), None),
            (header(0x20, 0x11, &v4, &[]), None),
            (header(0x21, 0x00, &[], &[]), None),
        ] {
            let stream = [&bytes[..], b"GET /"].concat();
            let mut rest = &stream[..];
            assert_eq!(read_header(&mut rest).await.unwrap(), expected, "{bytes:?}");
            assert_eq!(rest, b"GET /");
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let v4 = [203, 0, 113, 7, 10, 0, 0, 1, 0x1F, 0x90, 0x01, 0xBB];
        let good = header(0x21, 0x11, &v4, &[]);
        for bytes in [
            b"POST /mmpaymkttransfers/sendredpack HTTP/1.1\r\n".to_vec(),
            b"PROXY TCP4 203.0.113.7 10.0.0.1 8080 443\r\n".to_vec(),
            good[..good.len() - 1].to_vec(),
            good[..10].to_vec(),
            header(0x31, 0x11, &v4, &[]),
            header(0x22, 0x11, &v4, &[]),
            header(0x21, 0x21, &v4, &[]),
            header(0x21, 0x11, &v4[..8], &[]),
            header(0x21, 0x11, &v4, &[0; 3000]),
        ] {
            assert!(read_header(&mut &bytes[..]).await.is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn only_those_named_are_balancers() {
        let balancers = Balancers::new(&["10.0.0.0/30".parse().unwrap(), "2001:db8::1/128".parse().unwrap()]);
        for (address, is_one) in
            [("10.0.0.3", true), ("10.0.0.4", false), ("::ffff:10.0.0.1", true), ("2001:db8::1", true), ("::1", false)]
        {
            assert_eq!(balancers.include(address.parse().unwrap()), is_one, "{address}");
        }
        assert!(!Balancers::default().include("127.0.0.1".parse().unwrap()));
    }
}
