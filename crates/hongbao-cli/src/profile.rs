//! Whose name does a command act in? A profile: a small TOML file, as `hongbao dev` writes one.
//! Paths in it are relative to it.

use std::path::{Path, PathBuf};

use hongbao::Identity;
use hongbao_types::{ApiKey, AppId, MerchantId, OpenId};
use serde::{Deserialize, Serialize};

use crate::error::{Explain, Failure, Result};
use crate::files::{read_api_key, read_file, rebase};
use crate::identity_files::IdentityFiles;

/// The profile's name within a folder that `hongbao dev` made.
pub(crate) const FILE_NAME: &str = "profile.toml";
/// Where a profile is looked for when none is named.
pub(crate) const DEFAULT_PATH: &str = "hongbao-dev/profile.toml";

/// A profile.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) merchant: Option<MerchantSection>,
    pub(crate) app: Option<AppSection>,
    pub(crate) admin: Option<AdminSection>,
}

/// Who sends, and where to.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MerchantSection {
    pub(crate) base_url: String,
    pub(crate) mch_id: String,
    pub(crate) wxappid: String,
    /// The person to send to when none is named: for trying things out only.
    pub(crate) re_openid: Option<String>,
    pub(crate) api_key_file: PathBuf,
    pub(crate) certificate_file: Option<PathBuf>,
    pub(crate) private_key_file: Option<PathBuf>,
    /// Both in one file, rather than the two.
    pub(crate) p12_file: Option<PathBuf>,
    /// Its password, when that is not the merchant number.
    pub(crate) p12_password_file: Option<PathBuf>,
    pub(crate) root_ca_file: Option<PathBuf>,
}

/// Whose app says who people are, and where they claim.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppSection {
    pub(crate) base_url: String,
    pub(crate) app_id: String,
    pub(crate) key_id: String,
    /// The person to claim as when none is named: for trying things out only.
    pub(crate) openid: Option<String>,
    pub(crate) private_key_file: PathBuf,
    pub(crate) root_ca_file: Option<PathBuf>,
}

/// Where operators come in.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminSection {
    pub(crate) socket: Option<PathBuf>,
    pub(crate) url: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
}

/// A merchant section with its files read.
pub(crate) struct MerchantAccess {
    pub(crate) base_url: String,
    pub(crate) merchant: MerchantId,
    pub(crate) app: AppId,
    pub(crate) person: Option<OpenId>,
    pub(crate) api_key: ApiKey,
    pub(crate) identity: Option<Identity>,
    pub(crate) root_ca: Option<String>,
}

/// An app section with its files read.
pub(crate) struct AppAccess {
    pub(crate) base_url: String,
    pub(crate) app: AppId,
    pub(crate) person: Option<OpenId>,
    pub(crate) key_id: String,
    pub(crate) private_key: String,
    pub(crate) root_ca: Option<String>,
}

impl Profile {
    /// Reads the profile at `path`; its paths become relative to the current folder.
    pub(crate) fn read(path: &Path) -> Result<Profile> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(format!("the profile can't be read: {}: {error}", path.display()))
                .hint("start `hongbao dev` in this folder, or name a profile: --profile FILE or HONGBAO_PROFILE=FILE")
        })?;
        let mut profile: Profile = toml::from_str(&text).map_err(|error| senseless(path, &error.message()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        if let Some(merchant) = &mut profile.merchant {
            rebase(folder, [&mut merchant.api_key_file]);
            rebase(folder, merchant.certificate_file.iter_mut());
            rebase(folder, merchant.private_key_file.iter_mut());
            rebase(folder, merchant.p12_file.iter_mut());
            rebase(folder, merchant.p12_password_file.iter_mut());
            rebase(folder, merchant.root_ca_file.iter_mut());
        }
        if let Some(app) = &mut profile.app {
            rebase(folder, [&mut app.private_key_file]);
            rebase(folder, app.root_ca_file.iter_mut());
        }
        if let Some(admin) = &mut profile.admin {
            rebase(folder, admin.socket.iter_mut());
            rebase(folder, admin.token_file.iter_mut());
        }
        Ok(profile)
    }

    /// Writes the profile to `path`.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self).explain("the profile could not be written")?;
        crate::files::write_private(path, text.as_bytes())
    }

    pub(crate) fn merchant(self, path: &Path) -> Result<MerchantAccess> {
        let section = self.merchant.ok_or_else(|| missing(path, "merchant"))?;
        let files = IdentityFiles {
            certificate: section.certificate_file.as_deref(),
            private_key: section.private_key_file.as_deref(),
            p12: section.p12_file.as_deref(),
            p12_password: section.p12_password_file.as_deref(),
        };
        let identity = files.read(&section.mch_id)?;
        Ok(MerchantAccess {
            base_url: section.base_url,
            merchant: section.mch_id.parse().map_err(|error| senseless(path, &error))?,
            app: section.wxappid.parse().map_err(|error| senseless(path, &error))?,
            person: person(path, section.re_openid.as_deref())?,
            api_key: read_api_key(&section.api_key_file)?,
            identity,
            root_ca: section.root_ca_file.as_deref().map(read_file).transpose()?,
        })
    }

    pub(crate) fn app(self, path: &Path) -> Result<AppAccess> {
        let section = self.app.ok_or_else(|| missing(path, "app"))?;
        Ok(AppAccess {
            base_url: section.base_url,
            app: section.app_id.parse().map_err(|error| senseless(path, &error))?,
            person: person(path, section.openid.as_deref())?,
            key_id: section.key_id,
            private_key: read_file(&section.private_key_file)?,
            root_ca: section.root_ca_file.as_deref().map(read_file).transpose()?,
        })
    }

    pub(crate) fn admin(self, path: &Path) -> Result<AdminSection> {
        let section = self.admin.ok_or_else(|| missing(path, "admin"))?;
        if section.socket.is_some() == section.url.is_some() {
            let message = format!("the section [admin] names a socket or a url, and not both: {}", path.display());
            return Err(Failure::new(message).hint(COMPARE));
        }
        Ok(section)
    }
}

const COMPARE: &str = "compare it with the one that `hongbao dev` writes";

fn person(path: &Path, openid: Option<&str>) -> Result<Option<OpenId>> {
    openid.map(|openid| openid.parse().map_err(|error| senseless(path, &error))).transpose()
}

/// The person that was named, or the one that the profile names to try with.
pub(crate) fn named(openid: Option<OpenId>, of_profile: Option<&OpenId>, flag: &str) -> Result<OpenId> {
    openid.or_else(|| of_profile.cloned()).ok_or_else(|| {
        Failure::new("nobody was named, and the profile names nobody to try with")
            .hint(format!("name the person: {flag} OPENID"))
    })
}

fn senseless(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("the profile makes no sense: {}: {why}", path.display())).hint(COMPARE)
}

fn missing(path: &Path, section: &str) -> Failure {
    Failure::new(format!("the profile has no section [{section}]: {}", path.display())).hint(COMPARE)
}
