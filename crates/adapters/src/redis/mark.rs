//! The mark of the Redis that an installation takes numbers from: a key that another server, and one that has lost
//! everything, lacks. Installations that share a server have marks of their own.

use super::settings::{RedisSettings, RedisSettingsError, client};
use async_trait::async_trait;
use frontrow_application::port::{IdSource, NumberMarks, StoreError};
use frontrow_application::{FaultId, Outage};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Client, RedisResult};
use std::sync::Arc;
use std::time::Duration;

/// What the key of a mark is called.
pub(super) fn key(prefix: &str, mark: &str) -> String {
    format!("{prefix}:installation:{mark}")
}

/// Whether the server has it.
pub(super) async fn is_there(connection: &mut impl ConnectionLike, key: &str) -> RedisResult<bool> {
    redis::cmd("EXISTS").arg(key).query_async(connection).await
}

/// Makes it, unless it is there; says whether it had to be made.
pub(super) async fn put(connection: &mut impl ConnectionLike, key: &str) -> RedisResult<bool> {
    redis::cmd("SETNX").arg(key).arg("1").query_async(connection).await
}

/// [`NumberMarks`] of a Redis or Valkey. Connects whenever it is asked.
pub struct RedisMarks {
    client: Client,
    settings: RedisSettings,
    ids: Arc<dyn IdSource>,
}

/// When to ask again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl RedisMarks {
    /// Of that server, which need not be there yet. The ids name faults.
    pub fn new(settings: RedisSettings, ids: Arc<dyn IdSource>) -> Result<Self, RedisSettingsError> {
        let client = client(&settings.url)?;
        Ok(Self { client, settings, ids })
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.settings.connect_within))
            .set_response_timeout(Some(self.settings.answer_within));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    fn key(&self, mark: &str) -> String {
        key(&self.settings.prefix, mark)
    }

    fn trouble(&self, error: &redis::RedisError) -> StoreError {
        if super::trouble::remedy(error) == super::trouble::Remedy::None {
            let fault = FaultId(self.ids.id());
            tracing::error!(%fault, %error, "the mark of Redis can't be used");
            return StoreError::Fault(fault);
        }
        tracing::warn!(%error, "Redis is away");
        StoreError::Outage(Outage::Unavailable { retry_after: RETRY_AFTER })
    }
}

#[async_trait]
impl NumberMarks for RedisMarks {
    async fn has(&self, mark: &str) -> Result<bool, StoreError> {
        let asked = async { is_there(&mut self.connect().await?, &self.key(mark)).await };
        asked.await.map_err(|error| self.trouble(&error))
    }

    async fn put(&self, mark: &str) -> Result<(), StoreError> {
        let asked = async { put(&mut self.connect().await?, &self.key(mark)).await };
        asked.await.map(drop).map_err(|error| self.trouble(&error))
    }

    async fn remove(&self, mark: &str) -> Result<(), StoreError> {
        let asked = async {
            let mut connection = self.connect().await?;
            redis::cmd("DEL").arg(self.key(mark)).exec_async(&mut connection).await
        };
        asked.await.map_err(|error| self.trouble(&error))
    }
}
