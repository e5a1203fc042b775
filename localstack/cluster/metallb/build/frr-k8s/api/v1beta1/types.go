// Package v1beta1 has the types of frr-k8s that MetalLB compiles against. The module proxy does not have the version of
// frr-k8s that MetalLB requires. Only MetalLB's FRR-K8s mode uses these objects, and nothing here runs in that mode.
package v1beta1

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var group = schema.GroupVersion{Group: "frrk8s.metallb.io", Version: "v1beta1"}

// AddToScheme registers the kinds.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(group, &FRRConfiguration{}, &FRRConfigurationList{})
	metav1.AddToGroupVersion(scheme, group)
	return nil
}

type DynamicASNMode string

type FRRConfiguration struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              FRRConfigurationSpec `json:"spec"`
}

type FRRConfigurationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []FRRConfiguration `json:"items"`
}

type FRRConfigurationSpec struct {
	BGP          BGPConfig            `json:"bgp"`
	NodeSelector metav1.LabelSelector `json:"nodeSelector"`
}

type BGPConfig struct {
	Routers     []Router     `json:"routers"`
	BFDProfiles []BFDProfile `json:"bfdProfiles"`
}

type Router struct {
	ASN       uint32     `json:"asn"`
	ID        string     `json:"id"`
	VRF       string     `json:"vrf"`
	Neighbors []Neighbor `json:"neighbors"`
	Prefixes  []string   `json:"prefixes"`
}

type Neighbor struct {
	ASN                    uint32           `json:"asn"`
	DynamicASN             DynamicASNMode   `json:"dynamicASN"`
	Address                string           `json:"address"`
	Interface              string           `json:"interface"`
	Port                   *uint16          `json:"port"`
	Password               string           `json:"password"`
	PasswordSecret         SecretReference  `json:"passwordSecret"`
	HoldTime               *metav1.Duration `json:"holdTime"`
	KeepaliveTime          *metav1.Duration `json:"keepaliveTime"`
	ConnectTime            *metav1.Duration `json:"connectTime"`
	EBGPMultiHop           bool             `json:"ebgpMultiHop"`
	BFDProfile             string           `json:"bfdProfile"`
	EnableGracefulRestart  bool             `json:"enableGracefulRestart"`
	ToAdvertise            Advertise        `json:"toAdvertise"`
	DisableMP              bool             `json:"disableMP"`
	DualStackAddressFamily bool             `json:"dualStackAddressFamily"`
}

type Advertise struct {
	Allowed                   AllowedOutPrefixes      `json:"allowed"`
	PrefixesWithLocalPref     []LocalPrefPrefixes     `json:"withLocalPref"`
	PrefixesWithCommunity     []CommunityPrefixes     `json:"withCommunity"`
	PrefixesWithAsPathPrepend []AsPathPrependPrefixes `json:"withAsPathPrepend"`
}

type AllowedOutPrefixes struct {
	Prefixes []string `json:"prefixes"`
}

type LocalPrefPrefixes struct {
	Prefixes  []string `json:"prefixes"`
	LocalPref uint32   `json:"localPref"`
}

type CommunityPrefixes struct {
	Prefixes  []string `json:"prefixes"`
	Community string   `json:"community"`
}

type AsPathPrependPrefixes struct {
	Prefixes      []string `json:"prefixes"`
	AsPathPrepend uint8    `json:"asPathPrepend"`
}

type BFDProfile struct {
	Name             string  `json:"name"`
	ReceiveInterval  *uint32 `json:"receiveInterval"`
	TransmitInterval *uint32 `json:"transmitInterval"`
	DetectMultiplier *uint32 `json:"detectMultiplier"`
	EchoInterval     *uint32 `json:"echoInterval"`
	EchoMode         *bool   `json:"echoMode"`
	PassiveMode      *bool   `json:"passiveMode"`
	MinimumTTL       *uint32 `json:"minimumTtl"`
}

type SecretReference struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

func copied[T any](in *T) *T {
	text, err := json.Marshal(in)
	if err != nil {
		panic(err)
	}
	out := new(T)
	if err := json.Unmarshal(text, out); err != nil {
		panic(err)
	}
	return out
}

func (in *FRRConfiguration) DeepCopy() *FRRConfiguration                { return copied(in) }
func (in *FRRConfiguration) DeepCopyObject() runtime.Object             { return copied(in) }
func (in *FRRConfigurationList) DeepCopyObject() runtime.Object         { return copied(in) }
func (in *FRRConfigurationSpec) DeepCopyInto(out *FRRConfigurationSpec) { *out = *copied(in) }
