DROP INDEX app_user_outside;
ALTER TABLE app_user DROP COLUMN oidc_subject;
ALTER TABLE app_user DROP COLUMN oidc_issuer;
