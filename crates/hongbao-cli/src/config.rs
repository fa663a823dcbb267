//! What can be set in the configuration of `hongbao serve`? One struct for each section; README shows a whole one.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hongbao_server::{AdminDoor, Doors, MaskedWords, PeopleLimits, PlatformOptions, Rate, TOKEN_LEN_MIN, TlsOptions};
use hongbao_store::{Currency, StoreInfo, StoreKind};
use ipnet::IpNet;
use serde::Deserialize;

use crate::error::{Failure, Result};
use crate::files::read_file;
use crate::identity_files::IdentityFiles;

/// The configuration. Paths in it are relative to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    store: Option<String>,
    /// The same, in a file: it may hold a password.
    store_file: Option<PathBuf>,
    kind: Kind,
    #[serde(default)]
    currency: Option<CurrencyConfig>,
    /// Addresses, or networks, of balancers that speak PROXY protocol.
    #[serde(default)]
    balancers: Vec<String>,
    tls: Option<TlsConfig>,
    plain: Option<PlainConfig>,
    admin: AdminConfig,
    #[serde(default)]
    packets: PacketsConfig,
    #[serde(default)]
    people: PeopleConfig,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Sandbox,
    Live,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CurrencyConfig {
    code: String,
    symbol: String,
    minor_digits: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsConfig {
    listen: SocketAddr,
    certificate_file: Option<PathBuf>,
    private_key_file: Option<PathBuf>,
    p12_file: Option<PathBuf>,
    p12_password_file: Option<PathBuf>,
    client_ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainConfig {
    listen: SocketAddr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdminConfig {
    socket: Option<PathBuf>,
    listen: Option<SocketAddr>,
    token_file: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PacketsConfig {
    expire_after_hours: Option<NonZeroU32>,
    pre_order_expire_after_hours: Option<NonZeroU32>,
    fail_after_hours: Option<NonZeroU32>,
    /// Words that become `*` in what a packet shows.
    #[serde(default)]
    masked_words: Vec<String>,
}

/// How often people may call, a second; 0 is no limit.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeopleConfig {
    per_address: Option<u32>,
    per_person: Option<u32>,
    per_packet: Option<u32>,
    /// Addresses that many share, as a balancer's.
    shared_addresses: Option<Vec<IpAddr>>,
}

/// Where a store is.
pub(crate) enum StorePlace {
    /// A file.
    File(PathBuf),
    /// A database, by a URL that may hold a password: never to be printed.
    Database(String),
}

impl StorePlace {
    /// A URL of PostgreSQL, or else a path from `folder` on.
    pub(crate) fn of(name: &str, folder: &Path) -> Result<StorePlace> {
        if name.starts_with("postgres://") || name.starts_with("postgresql://") {
            Ok(StorePlace::Database(name.to_owned()))
        } else if name.contains("://") {
            // A mistyped URL is no path, and what it holds is not to be quoted.
            Err(Failure::new("the store's URL is of no kind that is known")
                .hint("a database is postgres://user:password@host:5432/database, anything else the path of a file"))
        } else {
            Ok(StorePlace::File(folder.join(name)))
        }
    }
}

/// The most digits behind the point: no currency has more than 4, and an amount has at most 19 in all.
const MINOR_DIGITS_MAX: u8 = 9;

impl Config {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Config> {
        let text = read_file(path).map_err(|failure| {
            failure.hint("name the configuration: --config FILE; README shows one, and `hongbao dev` needs none")
        })?;
        toml::from_str(&text).map_err(|error| {
            Failure::new(format!("the configuration makes no sense: {}: {}", path.display(), error.message()))
                .hint("README shows a whole configuration")
        })
    }

    /// Where the store is.
    pub(crate) fn store(&self, folder: &Path) -> Result<StorePlace> {
        match (&self.store, &self.store_file) {
            (Some(store), None) => StorePlace::of(store, folder),
            (None, Some(file)) => match read_file(&folder.join(file))?.trim() {
                "" => Err(Failure::new(format!("nothing is in {}", file.display()))
                    .hint("it says where the store is: postgres://user:password@host:5432/database")),
                store => StorePlace::of(store, folder),
            },
            (None, None) => Err(Failure::new("the configuration names no store").hint(
                "store = \"hongbao.db\" or \"postgres://…\", or store_file = \"store.txt\", a file that says so",
            )),
            (Some(_), Some(_)) => {
                Err(Failure::new("the configuration names a store twice").hint("keep one of store and store_file"))
            }
        }
    }

    /// What the store is, or is to be.
    pub(crate) fn store_info(&self) -> Result<StoreInfo> {
        if let Some(currency) = &self.currency
            && currency.minor_digits > MINOR_DIGITS_MAX
        {
            let message = format!("currency.minor_digits is at most {MINOR_DIGITS_MAX}: {}", currency.minor_digits);
            return Err(Failure::new(message).hint("it is how many digits stand behind the point; renminbi has 2"));
        }
        let kind = match self.kind {
            Kind::Sandbox => StoreKind::Sandbox,
            Kind::Live => StoreKind::Live,
        };
        let currency = self.currency.as_ref().map_or_else(Currency::renminbi, |currency| Currency {
            code: currency.code.clone(),
            symbol: currency.symbol.clone(),
            minor_digits: currency.minor_digits,
        });
        Ok(StoreInfo { kind, currency })
    }

    /// What the operator chose.
    pub(crate) fn options(&self) -> Result<PlatformOptions> {
        let usual = PlatformOptions::default();
        let packets = &self.packets;
        let hours = |given: Option<NonZeroU32>, usual| {
            given.map_or(usual, |hours: NonZeroU32| Duration::from_hours(hours.get().into()))
        };
        let masked_words = MaskedWords::new(packets.masked_words.iter().map(String::as_str))
            .map_err(|error| Failure::new(error).hint("shorten masked_words in the configuration"))?;
        Ok(PlatformOptions {
            expires_after: hours(packets.expire_after_hours, usual.expires_after),
            pre_order_expires_after: hours(packets.pre_order_expire_after_hours, usual.pre_order_expires_after),
            fails_after: hours(packets.fail_after_hours, usual.fails_after),
            masked_words,
            people: self.people.limits(),
            ..usual
        })
    }

    /// Which doors to open.
    pub(crate) fn doors(&self, folder: &Path) -> Result<Doors> {
        let tls = self.tls.as_ref().map(|tls| tls.door(folder)).transpose()?;
        let mut admin = Vec::new();
        admin.extend(self.admin.socket.as_ref().map(|path| AdminDoor::Socket(folder.join(path))));
        match (self.admin.listen, &self.admin.token_file) {
            (Some(address), Some(path)) => {
                let token = read_file(&folder.join(path))?.trim().to_owned();
                if token.len() < TOKEN_LEN_MIN {
                    return Err(Failure::new(format!("the admin token is too short: {}", folder.join(path).display()))
                        .hint(format!("it has at least {TOKEN_LEN_MIN} characters: openssl rand -hex 32")));
                }
                admin.push(AdminDoor::Address(address, token));
            }
            (None, None) => {}
            _ => {
                return Err(Failure::new("admin.listen and admin.token_file go together")
                    .hint("set both, or admin.socket alone"));
            }
        }
        if admin.is_empty() {
            return Err(Failure::new("nobody could administer the platform")
                .hint("set admin.socket, or admin.listen with admin.token_file"));
        }
        let balancers = self.balancers.iter().map(|text| network(text)).collect::<Result<_>>()?;
        Ok(Doors { tls, plain: self.plain.as_ref().map(|plain| plain.listen), admin, balancers })
    }
}

/// A network, or an address alone.
fn network(text: &str) -> Result<IpNet> {
    let parsed = text.parse().or_else(|_| text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical())));
    parsed.map_err(|_| {
        Failure::new(format!("balancers holds something that is no address: {text}"))
            .hint("an address is 10.0.0.7, a network 10.0.0.0/24")
    })
}

impl PeopleConfig {
    fn limits(&self) -> PeopleLimits {
        let usual = PeopleLimits::default();
        // As many times more at once as usually.
        let rate = |given: Option<u32>, usual: Option<Rate>| match given {
            None => usual,
            Some(0) => None,
            Some(given) => {
                let times = usual.map_or(1, |usual| usual.burst.get() / usual.per_second.get());
                Some(Rate::new(given, given.saturating_mul(times)))
            }
        };
        PeopleLimits {
            per_address: rate(self.per_address, usual.per_address),
            per_person: rate(self.per_person, usual.per_person),
            per_packet: rate(self.per_packet, usual.per_packet),
            shared_addresses: self.shared_addresses.clone().unwrap_or(usual.shared_addresses),
        }
    }
}

impl TlsConfig {
    fn door(&self, folder: &Path) -> Result<(SocketAddr, TlsOptions)> {
        let in_folder = |path: &Option<PathBuf>| path.as_ref().map(|path| folder.join(path));
        let [certificate, private_key, p12, p12_password] =
            [&self.certificate_file, &self.private_key_file, &self.p12_file, &self.p12_password_file].map(in_folder);
        let files = IdentityFiles {
            certificate: certificate.as_deref(),
            private_key: private_key.as_deref(),
            p12: p12.as_deref(),
            p12_password: p12_password.as_deref(),
        };
        let identity = files.read("")?.ok_or_else(|| {
            Failure::new("the section [tls] names no certificate").hint("name certificate_file and private_key_file")
        })?;
        let client_ca = in_folder(&self.client_ca_file).as_deref().map(read_file).transpose()?;
        Ok((self.listen, TlsOptions { identity, client_authorities_pem: client_ca.unwrap_or_default() }))
    }
}
