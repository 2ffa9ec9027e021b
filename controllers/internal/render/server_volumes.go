// SPDX-License-Identifier: Apache-2.0

package render

import (
	"path"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// serverVolumes are the folders below realmconfig.Dir, one object each. A
// Secret's keys are mapped to the contract's file names, so that the user's own
// Secrets are mounted where they are and never copied.
func serverVolumes(in Inputs) []*corev1ac.VolumeApplyConfiguration {
	realm := in.Realm
	names, databaseURL, cacheURL := NamesOf(realm), DatabaseURL(realm), CacheURL(realm)
	volumes := []*corev1ac.VolumeApplyConfiguration{
		corev1ac.Volume().WithName(folder(realmconfig.ConfigFile)).
			WithConfigMap(corev1ac.ConfigMapVolumeSource().
				WithName(names.Config()).
				WithDefaultMode(secretFileMode)),
		// Whole: a pod starts all the same where an operator that knows no families has
		// left EarlierKeysetKey alone.
		corev1ac.Volume().WithName(folder(realmconfig.KeysetFile)).
			WithSecret(corev1ac.SecretVolumeSource().
				WithSecretName(names.SigningKeys()).
				WithDefaultMode(secretFileMode)),
		files(names.EncryptionKeys(), file{EncryptionKeysKey, realmconfig.EncryptionKeysFile}),
		files(CertificateSecret(realm),
			file{corev1.TLSCertKey, realmconfig.CertificateFile},
			file{corev1.TLSPrivateKeyKey, realmconfig.CertificateKeyFile}),
		files(databaseURL.Name, file{databaseURL.Key, realmconfig.DatabaseURLFile}),
		files(cacheURL.Name, file{cacheURL.Key, realmconfig.CacheURLFile}),
		files(names.InitialAdmin(),
			file{AdminEmailKey, realmconfig.InitialAdminEmailFile},
			file{AdminPasswordKey, realmconfig.InitialAdminPasswordFile}),
		// Whole, with a file for each provider: which there are rolls no pod.
		corev1ac.Volume().WithName(realmconfig.ProviderSecretsDir).
			WithSecret(corev1ac.SecretVolumeSource().
				WithSecretName(names.ProviderCredentials()).
				WithDefaultMode(secretFileMode)),
		clientsVolume(realm),
	}
	if ca := DatabaseCA(realm); ca != nil {
		volumes = append(volumes, files(ca.Name, file{ca.Key, realmconfig.DatabaseCAFile}))
	}
	if ca := CacheCA(realm); ca != nil {
		volumes = append(volumes, files(ca.Name, file{ca.Key, realmconfig.CacheCAFile}))
	}
	for _, s := range mountedDelivery(in) {
		// A realm that cannot send mail still logs people in.
		volume := files(s.Name, s.files...)
		volume.Secret.WithOptional(true)
		volumes = append(volumes, volume)
	}
	return volumes
}

// serverMounts are what every container reads. They are directories, never
// subPaths, so that the kubelet can swap their contents.
func serverMounts(in Inputs) []*corev1ac.VolumeMountApplyConfiguration {
	var mounts []*corev1ac.VolumeMountApplyConfiguration
	for _, f := range []string{
		realmconfig.ConfigFile, realmconfig.KeysetFile, realmconfig.EncryptionKeysFile,
		realmconfig.CertificateFile, realmconfig.DatabaseURLFile, realmconfig.CacheURLFile,
	} {
		mounts = append(mounts, folderMount(f))
	}
	mounts = append(mounts, folderMount(realmconfig.ProviderSecretsDir+"/"), folderMount(realmconfig.ClientFile(0)))
	if DatabaseCA(in.Realm) != nil {
		mounts = append(mounts, folderMount(realmconfig.DatabaseCAFile))
	}
	if CacheCA(in.Realm) != nil {
		mounts = append(mounts, folderMount(realmconfig.CacheCAFile))
	}
	for _, s := range mountedDelivery(in) {
		mounts = append(mounts, folderMount(s.files[0].path))
	}
	return mounts
}

// adminMount is for the migrations alone, which create the first user.
func adminMount() *corev1ac.VolumeMountApplyConfiguration {
	return folderMount(realmconfig.InitialAdminEmailFile)
}

// file is one key of a Secret and where the contract wants it, below
// realmconfig.Dir.
type file struct{ key, path string }

func files(secret string, items ...file) *corev1ac.VolumeApplyConfiguration {
	source := corev1ac.SecretVolumeSource().WithSecretName(secret).WithDefaultMode(secretFileMode)
	for _, item := range items {
		source.WithItems(corev1ac.KeyToPath().WithKey(item.key).WithPath(path.Base(item.path)))
	}
	return corev1ac.Volume().WithName(folder(items[0].path)).WithSecret(source)
}

func folderMount(contractFile string) *corev1ac.VolumeMountApplyConfiguration {
	return mount(folder(contractFile), path.Join(realmconfig.Dir, folder(contractFile))).WithReadOnly(true)
}

func folder(contractFile string) string { return path.Dir(contractFile) }
